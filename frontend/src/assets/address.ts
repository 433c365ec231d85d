export function assetAddress(key: readonly string[]): string {
  return `/assets/${key.map(encodeURIComponent).join("/")}`;
}

export function assetName(key: readonly string[]): string {
  return key.join("/");
}
