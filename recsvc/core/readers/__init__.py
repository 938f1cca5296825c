"""What readers do, and what that says about them."""
