// SPDX-License-Identifier: Apache-2.0
import CNettle
import FunctionModel
import Glibc
import LayerArchive
import LinuxSystem

/// Unpacks the input as a layer, and ends the run where anything outside of the layer's folder has changed. It runs as root, as the unpacker does.
private struct Ground {
    let path: String
    let folder: Descriptor.Box
    let blob: Descriptor.Box
    let limits: UnpackLimits

    init() {
        do {
            path = "/dev/shm/swiftlet-fuzz-\(getpid())"
            try makeDirectory(currentDirectory, path, mode: 0o700)
            try makeDirectory(currentDirectory, path + "/around", mode: 0o700)
            folder = Descriptor.Box(try openDirectory(currentDirectory, path + "/around"))
            let outside = try openAt(folder.number, "outside", flags: O_WRONLY | O_CREAT, mode: 0o600)
            try outside.writeAll("outside")
            let memory = try MemoryFile(name: "blob")
            blob = Descriptor.Box(try memory.descriptor.duplicate())
            limits = try UnpackLimits("entries=500,bytes=\(1 << 20),sparse=\(1 << 20),depth=40,links=50")
        } catch { fatalError("\(error)") }
        atexit {
            do {
                let memory = try openDirectory(currentDirectory, "/dev/shm")
                try removeTree(memory.number, "swiftlet-fuzz-\(getpid())")
            } catch { print(error) }
        }
    }

    func checkOutside() throws {
        var status = stat()
        guard fstatat(folder.number, "outside", &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_size == 7, status.st_mode == S_IFREG | 0o600,
            status.st_nlink == 1, status.st_uid == 0
        else { fatalError("what lies outside of the layer has changed") }
        let around = try openDirectory(currentDirectory, path)
        guard Set(try directoryEntries(folder.descriptor)) == ["outside", "layer"], try directoryEntries(around) == ["around"] else {
            fatalError("something was made outside of the layer")
        }
    }
}

private let ground = Ground()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    do {
        let bytes = UnsafeBufferPointer(start: start, count: count)
        try systemCall("ftruncate") { ftruncate(ground.blob.number, 0) }
        try systemCall("pwrite") { pwrite(ground.blob.number, start, count, 0) }
        try makeDirectory(ground.folder.number, "layer", mode: 0o755)
        let target = try openDirectory(ground.folder.number, "layer")
        let source = LayerSource(descriptor: ground.blob.number, offset: 0, length: UInt64(count), form: .plain)
        // A refusal is in words, and as good as a layer.
        do { _ = try unpackLayer(source, into: target.number, diffID: digest(bytes), limits: ground.limits) } catch {}
        try ground.checkOutside()
        try removeTree(ground.folder.number, "layer")
    } catch { fatalError("\(error)") }
    return 0
}

private func digest(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    var context = sha256_ctx()
    nettle_sha256_init(&context)
    nettle_sha256_update(&context, bytes.count, bytes.baseAddress)
    var result = [UInt8](repeating: 0, count: 32)
    nettle_sha256_digest(&context, result.count, &result)
    return result.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}
