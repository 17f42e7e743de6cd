# What this computer has, and what this session may do. Changes nothing.
. "$PSScriptRoot\lib.ps1"

Invoke-Request -Work {
    param ($request)
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = New-Object -TypeName System.Security.Principal.WindowsPrincipal -ArgumentList $identity
    $administrator = $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
    $group = New-Object -TypeName System.Security.Principal.SecurityIdentifier -ArgumentList $HypervAdministrators
    $member = $principal.IsInRole($group)

    # The group's list may have this account while the session, which began before, hasn't the group.
    $listed = $false
    try {
        foreach ($entry in @(Get-LocalGroupMember -SID $HypervAdministrators)) {
            if ($entry.SID.Value -eq $identity.User.Value) { $listed = $true }
        }
    } catch {
        # A group with accounts of a domain that can't be asked: nothing is known then.
        $listed = $member
    }

    $module = @(Get-Module -ListAvailable -Name 'Hyper-V').Count -gt 0
    $service = Get-Service -Name 'vmms' -ErrorAction SilentlyContinue
    $running = ($null -ne $service) -and ([string] $service.Status -eq 'Running')
    $switches = @()
    if ($module -and $running -and ($administrator -or $member)) {
        $switches = @(Get-VMSwitch | ForEach-Object { @{ id = [string] $_.Id; name = $_.Name } })
    }
    @{
        module = $module
        service = $running
        administrator = $administrator
        member = $member
        listed = $listed
        user = $identity.User.Value
        switches = $switches
    }
}
