"""What each operation does beside the rules that all of them share: one module for one operation."""
