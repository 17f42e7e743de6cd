# {mark, directory} -> {vm: null} or {vm: {id, state}}
. "$PSScriptRoot\lib.ps1"

Invoke-Request -Work {
    param ($request)
    $vm = Find-Machine -Mark $request.mark -Directory $request.directory
    if ($null -eq $vm) { return @{ vm = $null } }
    @{ vm = @{ id = [string] $vm.Id; state = [string] $vm.State } }
}
