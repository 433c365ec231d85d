import { Link } from "wouter";

interface TabsProps {
  label: string;
  current: string;
  tabs: readonly (readonly [name: string, title: string, address: string])[];
}

/** Parts of a page, each with an address of its own. */
export function Tabs({ label, current, tabs }: TabsProps) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(([name, title, address]) => (
        <Link key={name} href={address} aria-current={name === current ? "page" : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  );
}
