"""What people see: page scripts by section, and the pieces that they share in ui."""
