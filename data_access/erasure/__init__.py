"""Erasing one user: a plan, a confirmation, a worker, an independent check and a receipt."""
