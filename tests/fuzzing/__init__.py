"""Whatever comes from outside, or lies in a damaged file, is read or refused in our own words."""
