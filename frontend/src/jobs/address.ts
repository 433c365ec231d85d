export function jobAddress(location: string, name: string): string {
  return `/jobs/${encodeURIComponent(location)}/${encodeURIComponent(name)}`;
}
