/** Return a job's name for people: that of all assets is of the server's making. */
export function jobTitle(name: string): string {
  return name === "__ASSET_JOB" ? "All assets" : name;
}

export function jobAddress(location: string, name: string): string {
  return `/jobs/${encodeURIComponent(location)}/${encodeURIComponent(name)}`;
}
