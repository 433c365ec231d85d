"""Starlette: routes, middleware, health, the built frontend."""
