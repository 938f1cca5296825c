"""What decides: pure functions over arrays and frozen structs; no I/O, clock or chance inside."""
