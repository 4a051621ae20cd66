"""Who may do what: roles, the one table of permissions, the limits of a person, and the sign-in's claims read as a viewer."""
