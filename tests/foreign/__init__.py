"""What others wrote, against the product: generated clients and the starters under examples/."""
