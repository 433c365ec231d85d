import { Switch as Primitive } from "@base-ui/react/switch";

interface SwitchProps {
  label: string;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}

export function Switch({ label, checked, disabled = false, onChange }: SwitchProps) {
  return (
    <Primitive.Root
      className="switch"
      aria-label={label}
      checked={checked}
      disabled={disabled}
      onCheckedChange={(value) => onChange(value)}
    >
      <Primitive.Thumb className="switch-thumb" />
    </Primitive.Root>
  );
}
