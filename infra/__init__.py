"""Deployment: images, servers, and what checks them."""
