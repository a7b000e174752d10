"""Measurements. Ratios within one run on one machine; absolutes only beside their machine."""
