# Makes a machine's virtual machine where there is none, brings it up to what the request says, and powers it on.
# {mark, name, directory, cpus, memoryBytes, switchId, disks: {parent, system, data, dataBytes, config},
#  pipes: {console, ready}} -> {vm: {id, state}}. A saved one is resumed as it is.
. "$PSScriptRoot\lib.ps1"

Invoke-Request -Work {
    param ($request)
    $disks = $request.disks
    $vm = Find-Machine -Mark $request.mark -Directory $request.directory
    if (($null -eq $vm) -or ($SavedStates -notcontains [string] $vm.State)) {
        # The system's disk is a difference to the image's, which is shared and never written to.
        if (-not (Test-Path -LiteralPath $disks.system)) {
            [void] (New-VHD -Path $disks.system -ParentPath $disks.parent -Differencing)
        }
        if ((Get-VHD -Path $disks.data).Size -lt $disks.dataBytes) {
            Resize-VHD -Path $disks.data -SizeBytes $disks.dataBytes
        }
        # One that has the disk of another image is of no use: all that it has is said below.
        if ($null -ne $vm) {
            $attached = @(Get-VMHardDiskDrive -VM $vm | ForEach-Object { $_.Path })
            if ($attached -notcontains $disks.system) {
                Remove-VM -VM $vm -Force
                $vm = $null
            }
        }
        if ($null -eq $vm) {
            $vm = New-VM -Name $request.name -Generation 2 -MemoryStartupBytes $request.memoryBytes `
                -VHDPath $disks.system -BootDevice VHD -Path $request.directory
        }
        # Also of one that a crash has left without it.
        Set-VM -VM $vm -Notes $request.mark
        Set-VM -VM $vm -AutomaticCheckpointsEnabled $false -CheckpointType Disabled `
            -AutomaticStartAction Nothing -AutomaticStopAction ShutDown
        Set-VMFirmware -VM $vm -EnableSecureBoot Off
        Set-VMProcessor -VM $vm -Count $request.cpus
        Set-VMMemory -VM $vm -DynamicMemoryEnabled $false -StartupBytes $request.memoryBytes
        $attached = @(Get-VMHardDiskDrive -VM $vm | ForEach-Object { $_.Path })
        foreach ($path in @($disks.data, $disks.config)) {
            if ($attached -notcontains $path) { Add-VMHardDiskDrive -VM $vm -Path $path }
        }
        $switch = Get-VMSwitch -Id $request.switchId
        Get-VMNetworkAdapter -VM $vm | Connect-VMNetworkAdapter -VMSwitch $switch
        Set-VMComPort -VM $vm -Number 1 -Path $request.pipes.console
        Set-VMComPort -VM $vm -Number 2 -Path $request.pipes.ready
    } else {
        # Going on with another image's disk would be to run what the caller takes for gone.
        $attached = @(Get-VMHardDiskDrive -VM $vm | ForEach-Object { $_.Path })
        if ($attached -notcontains $disks.system) { throw "it was saved with another system disk: $attached" }
    }
    Start-VM -VM $vm
    $now = Get-VM -Id $vm.Id
    @{ vm = @{ id = [string] $now.Id; state = [string] $now.State } }
}
