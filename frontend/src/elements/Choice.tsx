interface ChoiceProps<Value extends string> {
  label: string;
  value: Value | "";
  options: readonly (readonly [Value, string])[];
  onChange: (value: Value | "") => void;
}

/** A filter: any, or one of a few. */
export function Choice<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  return (
    <select
      className={`select${value === "" ? "" : " set"}`}
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value as Value | "")}
    >
      <option value="">{label}: any</option>
      {options.map(([option, name]) => (
        <option key={option} value={option}>
          {name}
        </option>
      ))}
    </select>
  );
}
