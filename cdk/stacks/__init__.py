"""The units of deployment. Stateful ones (`data`) are apart from those that are replaced at will."""
