"""The services that the pipeline uses, in memory and on virtual time: the simulation uses them too."""
