# SPDX-License-Identifier: Apache-2.0
"""Changes the root of a test image: change-test-image.py first|second ROOT. Each line is something that unpacking must keep."""
import os
import shutil
import struct
import sys

root = sys.argv[2]


def path(name):
    return os.path.join(root, name)


def write(name, text, mode=0o644):
    os.makedirs(os.path.dirname(path(name)), exist_ok=True)
    with open(path(name), "w") as file:
        file.write(text)
    os.chmod(path(name), mode)


def capability(name):
    """cap_net_bind_service+ep, as VFS_CAP_REVISION_2."""
    os.setxattr(path(name), "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0))


def first():
    write("srv/app/main.py", "print('hello')\n")
    write("srv/app/old/a", "a\n")
    write("srv/app/old/b", "b\n")
    write("srv/app/folder-then-file/inside/deep", "x\n")
    write("srv/app/file-then-folder", "x\n")
    write("srv/app/remade/from-first", "x\n")
    write("opt/opaque/hidden", "x\n")
    write("opt/opaque/below/hidden", "x\n")
    write("srv/links/one", "the same file\n")
    os.link(path("srv/links/one"), path("srv/links/two"))
    os.link(path("srv/links/one"), path("srv/app/three"))
    write("srv/bin/capable", "#!/bin/sh\n", 0o755)
    capability("srv/bin/capable")
    write("srv/bin/setuid", "#!/bin/sh\n", 0o4755)
    write("srv/bin/setgid", "#!/bin/sh\n", 0o2711)
    os.makedirs(path("srv/sticky"))
    os.chmod(path("srv/sticky"), 0o1777)
    write("srv/marked", "x\n")
    os.setxattr(path("srv/marked"), "user.swiftlet.test", b"a\0value")
    os.makedirs(path("srv/closed"))
    write("srv/closed/inside", "x\n")
    os.chmod(path("srv/closed"), 0o555)
    os.symlink("../links/one", path("srv/app/relative"))
    os.symlink("/srv/links/one", path("srv/app/absolute"))
    os.symlink("/nowhere", path("srv/app/dangling"))
    write("srv/" + "long/" * 40 + "n" * 200, "x\n")
    write("srv/nämé – 名前", "x\n")
    with open(path("srv/sparse"), "wb") as file:
        file.truncate(8 << 20)
        file.seek(4 << 20)
        file.write(b"middle")
    for name in ["srv/app/main.py", "srv/app", "srv/links/one", "srv/marked"]:
        os.chown(path(name), 1000, 2000)
    os.lchown(path("srv/app/relative"), 70000, 70001)
    os.utime(path("srv/marked"), ns=(-86400 * 10**9, -86400 * 10**9))
    os.utime(path("srv/links/one"), ns=(1234567890123456789, 1234567890123456789))


def second():
    shutil.rmtree(path("srv/app/old"))
    os.unlink(path("usr/bin/ar") if os.path.exists(path("usr/bin/ar")) else path("usr/bin/who"))
    shutil.rmtree(path("srv/app/folder-then-file"))
    write("srv/app/folder-then-file", "now a file\n")
    os.unlink(path("srv/app/file-then-folder"))
    write("srv/app/file-then-folder/inside", "now a folder\n")
    shutil.rmtree(path("srv/app/remade"))
    write("srv/app/remade/from-second", "x\n")
    os.unlink(path("srv/links/two"))
    write("srv/links/two", "no longer the same file\n")
    os.utime(path("srv/app"), ns=(10**18, 10**18))


{"first": first, "second": second}[sys.argv[1]]()
