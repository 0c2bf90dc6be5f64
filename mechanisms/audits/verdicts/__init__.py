"""What an audit finds in each market, what that says about the mechanism, and how it is shown."""
