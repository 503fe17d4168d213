"""Small clients, each of which gets one thing wrong: what a sweep has to find."""
