"""Speed of training, beside reference loops and beside the machine's own limit."""
