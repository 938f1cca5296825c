"""What sources write, made plain: TeX, wrapped lines, dates."""
