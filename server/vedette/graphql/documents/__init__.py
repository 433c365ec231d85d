"""What a document passes before it is executed: parsed, limited, priced and permitted."""
