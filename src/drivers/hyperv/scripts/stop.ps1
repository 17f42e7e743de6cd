# {mark, how: "shutdown" | "save" | "off"} -> {}. One that is off, saved or gone stays so.
. "$PSScriptRoot\lib.ps1"

Invoke-Request -Work {
    param ($request)
    $vm = Find-Machine -Mark $request.mark
    if (($null -ne $vm) -and (@('Off', 'Saved') -notcontains [string] $vm.State)) {
        switch ($request.how) {
            'shutdown' { Stop-VM -VM $vm -Force }
            'save' { Save-VM -VM $vm }
            'off' { Stop-VM -VM $vm -TurnOff -Force }
        }
    }
    @{}
}
