"""AWS services that the laptop edition runs itself, because the emulator does not, or does so differently."""
