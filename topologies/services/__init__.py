"""What puts events on topics: the checkout, and a made-up public for the demo."""
