# {mark, directory, how: "shutdown" | "save" | "resume" | "off" | "discard"} -> {}. One that is off or gone stays so; one
# that is saved is left alone but by "resume" and "discard", which is "off" for one that isn't.
. "$PSScriptRoot\lib.ps1"

Invoke-Request -Work {
    param ($request)
    $vm = Find-Machine -Mark $request.mark -Directory $request.directory
    if ($null -ne $vm) {
        $state = [string] $vm.State
        if ($SavedStates -contains $state) {
            switch ($request.how) {
                'resume' { Start-VM -VM $vm }
                'discard' { Remove-VMSavedState -VM $vm }
            }
        } elseif ($OffStates -notcontains $state) {
            switch ($request.how) {
                'shutdown' { Stop-VM -VM $vm -Force }
                'save' { Save-VM -VM $vm }
                'off' { Stop-VM -VM $vm -TurnOff -Force }
                'discard' { Stop-VM -VM $vm -TurnOff -Force }
            }
        }
    }
    @{}
}
