/**
 * Every command that the Hyper-V scripts call, with the parameters that they give it, each as its reference page on
 * learn.microsoft.com has it (Windows PowerShell 5.1; Hyper-V module of Windows Server 2019 and later). Functions of
 * lib.ps1 are `ours`.
 */
export const CMDLETS: Readonly<
  Record<string, { readonly page: string; readonly parameters: readonly string[] }>
> = {
  ...hyperv('Add-VMHardDiskDrive', ['VM', 'Path']),
  ...hyperv('Connect-VMNetworkAdapter', ['VMSwitch']),
  ...hyperv('Get-VHD', ['Path']),
  ...hyperv('Get-VM', ['Id']),
  ...hyperv('Get-VMHardDiskDrive', ['VM']),
  ...hyperv('Get-VMNetworkAdapter', ['VM']),
  ...hyperv('Get-VMSwitch', ['Id']),
  ...hyperv('New-VHD', ['Path', 'ParentPath', 'Differencing']),
  ...hyperv('New-VM', ['Name', 'Generation', 'MemoryStartupBytes', 'VHDPath', 'BootDevice', 'Path']),
  ...hyperv('Remove-VM', ['VM', 'Force']),
  ...hyperv('Remove-VMSavedState', ['VM']),
  ...hyperv('Resize-VHD', ['Path', 'SizeBytes']),
  ...hyperv('Save-VM', ['VM']),
  ...hyperv('Set-VM', [
    'VM',
    'Notes',
    'AutomaticCheckpointsEnabled',
    'CheckpointType',
    'AutomaticStartAction',
    'AutomaticStopAction',
  ]),
  ...hyperv('Set-VMComPort', ['VM', 'Number', 'Path']),
  ...hyperv('Set-VMFirmware', ['VM', 'EnableSecureBoot']),
  ...hyperv('Set-VMMemory', ['VM', 'DynamicMemoryEnabled', 'StartupBytes']),
  ...hyperv('Set-VMProcessor', ['VM', 'Count']),
  ...hyperv('Start-VM', ['VM']),
  ...hyperv('Stop-VM', ['VM', 'Force', 'TurnOff']),
  ...cmdlet('dism', 'Enable-WindowsOptionalFeature', ['Online', 'FeatureName', 'All', 'NoRestart']),
  ...cmdlet('dism', 'Get-WindowsOptionalFeature', ['Online', 'FeatureName']),
  ...cmdlet('microsoft.powershell.localaccounts', 'Add-LocalGroupMember', ['SID', 'Member']),
  ...cmdlet('microsoft.powershell.localaccounts', 'Get-LocalGroupMember', ['SID']),
  ...cmdlet('microsoft.powershell.core', 'Get-Module', ['ListAvailable', 'Name']),
  ...cmdlet('microsoft.powershell.core', 'Where-Object', ['FilterScript']),
  ...cmdlet('microsoft.powershell.core', 'Set-StrictMode', ['Version']),
  ...cmdlet('microsoft.powershell.management', 'Get-Service', ['Name', 'ErrorAction']),
  ...cmdlet('microsoft.powershell.management', 'Start-Process', [
    'FilePath',
    'ArgumentList',
    'Verb',
    'Wait',
    'PassThru',
  ]),
  ...cmdlet('microsoft.powershell.management', 'Test-Path', ['LiteralPath']),
  ...cmdlet('microsoft.powershell.utility', 'ConvertFrom-Json', ['InputObject']),
  ...cmdlet('microsoft.powershell.utility', 'ConvertTo-Json', ['InputObject', 'Compress', 'Depth']),
  ...cmdlet('microsoft.powershell.utility', 'New-Object', ['TypeName', 'ArgumentList']),
  ...cmdlet('microsoft.powershell.utility', 'Select-Object', ['First']),
  ...ours('Read-Request', []),
  ...ours('Write-Answer', ['Answer']),
  ...ours('Invoke-Request', ['Work']),
  ...ours('Find-Machine', ['Mark', 'Directory']),
  ...ours('Test-SystemDisk', ['VM', 'Directory']),
};

/**
 * The properties that the scripts read, with the page that has them. `unverified` ones no page says in so many words:
 * docs/platforms.md lists them, and a test holds the two together.
 */
export const PROPERTIES: Readonly<Record<string, { readonly page: string; readonly unverified?: string }>> = {
  // Microsoft.HyperV.PowerShell.VirtualMachine, as Get-VM gives it.
  '$vm.Id': { page: module('hyper-v', 'Get-VM') },
  '$vm.State': {
    page: module('hyper-v', 'Get-VM'),
    unverified: 'the names of all states (`Off`, `Running`, `Saved`, `Paused`, the `…Critical` ones)',
  },
  '$now.Id': { page: module('hyper-v', 'Get-VM') },
  '$now.State': { page: module('hyper-v', 'Get-VM') },
  '$_.Notes': { page: module('hyper-v', 'Set-VM') },
  '$_.Path': { page: module('hyper-v', 'Get-VMHardDiskDrive') },
  '$drive.Path': { page: module('hyper-v', 'Get-VMHardDiskDrive') },
  '$_.Id': { page: module('hyper-v', 'Get-VMSwitch') },
  '$_.Name': { page: module('hyper-v', 'Get-VMSwitch') },
  '(Get-VHD -Path $disks.data).Size': { page: module('hyper-v', 'Get-VHD') },
  '$service.Status': {
    page: 'https://learn.microsoft.com/dotnet/api/system.serviceprocess.servicecontroller.status',
  },
  '$feature.State': {
    page: module('dism', 'Get-WindowsOptionalFeature'),
    unverified:
      'that an enabled feature’s `State` is written `Enabled`, and that a client’s Hyper-V is enabled by `Microsoft-Hyper-V` with `-All`',
  },
  '$entry.SID.Value': { page: module('microsoft.powershell.localaccounts', 'Get-LocalGroupMember') },
  '$_.SID.Value': { page: module('microsoft.powershell.localaccounts', 'Get-LocalGroupMember') },
  '$identity.User.Value': {
    page: 'https://learn.microsoft.com/dotnet/api/system.security.principal.windowsidentity.user',
  },
  '$process.ExitCode': { page: 'https://learn.microsoft.com/dotnet/api/system.diagnostics.process.exitcode' },
  '$_.FullyQualifiedErrorId': {
    page: 'https://learn.microsoft.com/dotnet/api/system.management.automation.errorrecord',
  },
  '$_.CategoryInfo.Category': {
    page: 'https://learn.microsoft.com/dotnet/api/system.management.automation.errorrecord',
    unverified: 'that Hyper-V’s refusals have the category `PermissionDenied`',
  },
  '$_.Exception.Message': {
    page: 'https://learn.microsoft.com/dotnet/api/system.management.automation.errorrecord',
  },
  '$reader.ReadToEnd': { page: 'https://learn.microsoft.com/dotnet/api/system.io.streamreader.readtoend' },
  '$found.Count': { page: 'https://learn.microsoft.com/dotnet/api/system.array.length' },
  '$bytes.Length': { page: 'https://learn.microsoft.com/dotnet/api/system.array.length' },
};

function module(name: string, command: string): string {
  return `https://learn.microsoft.com/powershell/module/${name}/${command.toLowerCase()}`;
}

function cmdlet(
  name: string,
  command: string,
  parameters: readonly string[],
): Record<string, { page: string; parameters: readonly string[] }> {
  return { [command]: { page: module(name, command), parameters } };
}

function hyperv(command: string, parameters: readonly string[]): ReturnType<typeof cmdlet> {
  return cmdlet('hyper-v', command, parameters);
}

function ours(command: string, parameters: readonly string[]): ReturnType<typeof cmdlet> {
  return { [command]: { page: 'src/drivers/hyperv/scripts/lib.ps1', parameters } };
}
