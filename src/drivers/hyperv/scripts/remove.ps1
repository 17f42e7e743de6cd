# {mark, directory} -> {}. Ends and unregisters a machine's virtual machine; its disks are files, which the caller removes.
. "$PSScriptRoot\lib.ps1"

Invoke-Request -Work {
    param ($request)
    $vm = Find-Machine -Mark $request.mark -Directory $request.directory
    if ($null -ne $vm) {
        $state = [string] $vm.State
        if ($SavedStates -contains $state) { Remove-VMSavedState -VM $vm }
        elseif ($OffStates -notcontains $state) { Stop-VM -VM $vm -TurnOff -Force }
        Remove-VM -VM $vm -Force
    }
    @{}
}
