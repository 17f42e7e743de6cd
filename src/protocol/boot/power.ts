/**
 * What the host writes to the readiness port to have the guest power itself off in good order, one line. Sent beside
 * QEMU's ACPI power button: Debian's arm64 cloud kernel has no driver for the button that direct boot gives it
 * (CONFIG_KEYBOARD_GPIO is off), and on amd64 the button is a module that a minimal guest needn't load.
 */
export const POWER_OFF_LINE = '{"command":"poweroff"}';

/** Over a serial port: has the guest say all its readiness lines again. What it said while nobody listened is lost there. */
export const SAY_AGAIN_LINE = '{"command":"lines"}';
