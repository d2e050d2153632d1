// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Makes a folder; one that is there already is no error.
public func makeDirectory(_ directory: CInt, _ name: String, mode: UInt32) throws(SystemCallError) {
    do { try systemCall("mkdirat \(name)") { mkdirat(directory, name, mode) } } catch  where error.errno == EEXIST {}
}

/// Renames within one file system; an existing file at `target` is replaced in the same step.
public func rename(_ directory: CInt, _ name: String, to targetDirectory: CInt, _ target: String) throws(SystemCallError) {
    try systemCall("renameat \(name)") { renameat(directory, name, targetDirectory, target) }
}

/// Removes a name; one that is not there is no error.
public func removeFile(_ directory: CInt, _ name: String) throws(SystemCallError) {
    do { try systemCall("unlinkat \(name)") { unlinkat(directory, name, 0) } } catch  where error.errno == ENOENT {}
}

/// Removes an empty folder; one that is not there is no error.
public func removeDirectory(_ directory: CInt, _ name: String) throws(SystemCallError) {
    do { try systemCall("rmdir \(name)") { unlinkat(directory, name, AT_REMOVEDIR) } } catch  where error.errno == ENOENT {}
}
