"""What each endpoint does, one module per noun; `app` mounts them."""
