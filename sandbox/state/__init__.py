"""What changes at run time: spaces with their overrides, counts and clocks, and the journal."""
