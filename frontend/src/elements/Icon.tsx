const paths = {
  search: "M11 11l3.2 3.2M12.4 7.2a5.2 5.2 0 1 1-10.4 0 5.2 5.2 0 0 1 10.4 0z",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM10 8a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
  play: "M5 3.2v9.6L12.6 8 5 3.2z",
  graph:
    "M3.5 5.5a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6zM12.5 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6zM3.5 14.1a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6zM5.2 4.4l5.6 2.8M5.2 11.6l5.6-2.8",
  box: "M8 1.8l5.6 3.1v6.2L8 14.2l-5.6-3.1V4.9L8 1.8zM2.4 4.9L8 8l5.6-3.1M8 8v6.2",
  server: "M2.5 2.5h11v4.4h-11zM2.5 9.1h11v4.4h-11zM5 4.7h.01M5 11.3h.01",
  code: "M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5",
  copy: "M5.5 5.5h7.5v8H5.5zM10.5 5.5V2.5H3v8h2.5",
  check: "M3 8.5l3.2 3.2L13 4.8",
  close: "M4 4l8 8M12 4l-8 8",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M12.8 3.2l-1 1M4.2 11.8l-1 1",
  moon: "M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7z",
  menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
  refresh: "M13.2 3v3.4H9.8M2.8 13V9.6h3.4M3.4 6.2a5 5 0 0 1 8.6-1.4l1.2 1.6M12.6 9.8A5 5 0 0 1 4 11.2L2.8 9.6",
  chevron: "M6 4l4 4-4 4",
  sort: "M4.5 6.5L8 3l3.5 3.5M4.5 9.5L8 13l3.5-3.5",
  leave: "M6.5 2.5H3v11h3.5M10 4.8L13.2 8 10 11.2M13 8H6.2",
  list: "M5.5 4H14M5.5 8H14M5.5 12H14M2.5 4h.01M2.5 8h.01M2.5 12h.01",
  link: "M9.5 3h3.5v3.5M13 3L7.5 8.5M11.5 9.5V13H3V4.5h3.5",
} as const;

export type IconName = keyof typeof paths;

/** A drawing beside a word that says the same; it is hidden from screen readers. */
export function Icon({ name, size = 14 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}
