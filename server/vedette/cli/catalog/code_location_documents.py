"""What is asked about code locations."""

_FIELDS = "id name target version loadedAt error { type message stack }"
LIST = f"query CodeLocations {{ codeLocations {{ {_FIELDS} }} }}"
RELOAD = f"""
mutation Reload($input: ReloadCodeLocationInput!) {{
  reloadCodeLocation(input: $input) {{
    codeLocation {{ {_FIELDS} }}
    errors {{ __typename message path }}
  }}
}}
"""
