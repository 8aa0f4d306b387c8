import type { ComponentProps } from "react";

type PlainButtonProps = ComponentProps<"button"> & { "data-loading"?: boolean | undefined; "data-disabled"?: boolean | undefined };

/**
 * The element of every button. One that is at work would be switched off, and would lose the focus to nowhere: whoever has a keyboard alone began at
 * the top of the page again. So it stays, takes no second press, and says so.
 */
export function PlainButton({ type = "button", disabled, onClick, ...others }: PlainButtonProps) {
  const isAtWork = disabled === true && others["data-loading"] === true && others["data-disabled"] !== true;
  return (
    <button
      {...others}
      type={type}
      disabled={disabled === true && !isAtWork}
      aria-disabled={isAtWork || undefined}
      onClick={isAtWork ? (event) => event.preventDefault() : onClick}
    />
  );
}
