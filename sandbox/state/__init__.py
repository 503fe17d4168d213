"""What changes at run time, behind one interface: spaces with overrides, counts and clocks, and their journals."""
