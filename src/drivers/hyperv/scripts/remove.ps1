# {mark, directory} -> {}. Ends and unregisters a machine's virtual machine; its disks are files, which the caller removes.
. "$PSScriptRoot\lib.ps1"

Invoke-Request -Work {
    param ($request)
    $vm = Find-Machine -Mark $request.mark -Directory $request.directory
    if ($null -ne $vm) {
        if (($OffStates + $SavedStates) -notcontains [string] $vm.State) { Stop-VM -VM $vm -TurnOff -Force }
        Remove-VM -VM $vm -Force
    }
    @{}
}
