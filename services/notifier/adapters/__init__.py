"""What the notifier touches: its tables, the network, the vault and the channels."""
