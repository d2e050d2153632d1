// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LayerArchive
import LinuxSystem
import TarFixtures

/// Unpacks zips, written by Python's zipfile, into a folder of the test's own.
final class ZipFixture {
    let layer: LayerFixture

    init() throws {
        layer = try LayerFixture()
    }

    /// - Parameter script: lines of Python with `z`, an open `ZipFile`, and `add(name, text, mode=0o100644, **fields)` at hand.
    func zip(_ script: String) throws -> [UInt8] {
        let program = """
            import sys, zipfile, stat
            z = zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED)
            def add(name, text=b"", mode=0o100644, system=3, method=zipfile.ZIP_DEFLATED):
                info = zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6))
                info.create_system, info.external_attr, info.compress_type = system, mode << 16, method
                z.writestr(info, text)
            \(script)
            z.close()
            """
        let path = layer.scratch.path + "/made.zip"
        try run("rm", "-f", path)
        try run("python3", "-W", "ignore", "-c", program, path)
        return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @discardableResult
    func unpack(_ bytes: [UInt8], limits: UnpackLimits = .functionLayer) throws -> LayerContent {
        let path = try layer.scratch.write(bytes, to: "blob")
        let digest = String(try run("sha256sum", path).prefix(64))
        let blob = try openAt(currentDirectory, path, flags: O_RDONLY)
        let target = try openDirectory(currentDirectory, layer.layer)
        // The unpacker itself says so without any locale: see unpack_start.c. Of this thread only: names of tars must not be touched.
        let locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
        let before = uselocale(locale)
        defer {
            uselocale(before)
            freelocale(locale)
        }
        return try unpackZip(
            LayerSource(descriptor: blob.number, offset: 0, length: UInt64(bytes.count), form: .plain), into: target.number,
            tree: zipTree(of: digest), limits: limits)
    }

    @discardableResult
    func unpack(_ script: String, limits: UnpackLimits = .functionLayer) throws -> LayerContent {
        try unpack(try zip(script), limits: limits)
    }

    /// The sentence with which a zip is refused; nil where it is not.
    func refusal(_ script: String, limits: UnpackLimits = .functionLayer) throws -> String? {
        do {
            try unpack(script, limits: limits)
            return nil
        } catch let error as LayerRefusal { return error.reason }
    }
}
