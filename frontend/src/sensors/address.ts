export function sensorAddress(location: string, name: string): string {
  return `/sensors/${encodeURIComponent(location)}/${encodeURIComponent(name)}`;
}
