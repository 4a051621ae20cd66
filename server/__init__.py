"""What asgi.py puts around the pages: headers and cookies, who is let in, what is closed, health, logs, start and end."""
