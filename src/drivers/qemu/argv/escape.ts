/** A value inside one of QEMU's `key=value,…` arguments: a comma is doubled (QEMU docs, invocation). */
export function optionValue(text: string): string {
  return text.replaceAll(',', ',,');
}
