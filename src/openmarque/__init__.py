"""OpenMarque: connected-car services whose declarations are what is enforced."""
