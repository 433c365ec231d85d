import type { ButtonHTMLAttributes } from "react";

import { Icon, type IconName } from "./Icon";
import { Refused } from "./Refused";
import { Tooltip } from "./Tooltip";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: "plain" | "primary" | "danger" | "quiet";
  small?: boolean;
  icon?: IconName;
  /** Why one may not press it: it then does nothing, and says so. */
  refused?: string | null;
}

export function Button({ look = "plain", small, icon, refused, className, children, ...rest }: ButtonProps) {
  const classes = ["button", look, small && "small", className].filter(Boolean).join(" ");
  if (refused) {
    return (
      <Refused reason={refused}>
        {/* Not `disabled`: what cannot be pointed at nor focused cannot say why. */}
        <button type="button" aria-disabled="true" className={classes}>
          {icon && <Icon name={icon} />}
          {children}
        </button>
      </Refused>
    );
  }
  return (
    <button type="button" {...rest} className={classes}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon: IconName;
  label: string;
  small?: boolean;
}

/** A button without a word on it: its label is its name and its tooltip. */
export function IconButton({ icon, label, small, ...rest }: IconButtonProps) {
  return (
    <Tooltip text={label}>
      <button type="button" aria-label={label} className={`button quiet icon${small ? " small" : ""}`} {...rest}>
        <Icon name={icon} />
      </button>
    </Tooltip>
  );
}
