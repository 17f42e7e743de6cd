import type { Driver } from '../../drivers/driver.ts';

/** Only a VM of ours gets what is the user's: whoever is root on somebody's host would have all of it. */
export function whyNoShares({
  name,
  capabilities,
}: Pick<Driver, 'name' | 'capabilities'>): string | undefined {
  if (capabilities.composedImage && capabilities.power !== false) return undefined;
  return `directories of your computer are shared with VMs alone, and this machine (driver ${name}) is a host that others may be root on. Copy it with:  wherry cp`;
}
