"""What may deploy a stage: the policies of a role for `pulumi up` and `pulumi destroy`, and who may take it."""
