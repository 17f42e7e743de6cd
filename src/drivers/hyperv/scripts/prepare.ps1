# The steps that need an administrator, all of them, in one go and asked for once: Windows shows its prompt for the
# elevated copy of this very script.
#   1. Enable-WindowsOptionalFeature Microsoft-Hyper-V, where it isn't enabled (Windows must then be restarted)
#   2. Add-LocalGroupMember: this account to "Hyper-V Administrators" (the account must then log off and on)
param ([string] $User = '', [switch] $Elevated)

. "$PSScriptRoot\lib.ps1"

if (-not $Elevated) {
    $own = [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    $words = @('-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', "`"$PSCommandPath`"",
        '-Elevated', '-User', $own)
    $process = Start-Process -FilePath 'powershell.exe' -ArgumentList $words -Verb RunAs -Wait -PassThru
    exit $process.ExitCode
}

$feature = Get-WindowsOptionalFeature -Online -FeatureName 'Microsoft-Hyper-V'
if ([string] $feature.State -ne 'Enabled') {
    [void] (Enable-WindowsOptionalFeature -Online -FeatureName 'Microsoft-Hyper-V' -All -NoRestart)
}
$members = @(Get-LocalGroupMember -SID $HypervAdministrators | ForEach-Object { $_.SID.Value })
if ($members -notcontains $User) {
    Add-LocalGroupMember -SID $HypervAdministrators -Member $User
}
