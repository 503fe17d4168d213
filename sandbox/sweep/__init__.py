"""The sweep: a command is run again and again, each time with one of its calls disturbed, and judged by its calls."""
