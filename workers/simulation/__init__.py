"""Simulation: made-up readers with known tastes look down real lists, and what came of it is counted."""
