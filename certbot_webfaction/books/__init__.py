"""What is wanted of an account, and what was done to it."""
