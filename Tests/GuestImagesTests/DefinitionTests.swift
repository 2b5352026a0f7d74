// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import GuestImages

/// `images.json`: what is understood, and what is refused in which words.
@Suite struct DefinitionTests {
    private func read(_ json: String) throws -> ImageDefinitions {
        try ImageDefinitions(decoding: Data(json.utf8), folder: "/project")
    }

    private func action(_ type: String, _ operation: String) throws -> ImageAction {
        try #require(
            try read(#"[{"name": "a", "actions": [{"type": "\#(type)", "op": \#(operation)}]}]"#).images[0].actions
                .first
        )
    }

    @Test("every field and every type of action is understood")
    func everything() throws {
        let definitions = try read(
            #"""
            [
              {"name": "base", "packages": ["bpftool", "libc6:amd64", "make=4.3-4.1", "vim/bookworm"],
               "image_size": "8G", "bootable": true, "actions": []},
              {"name": "k8s.qcow2", "parent": "base", "packages": null, "actions": null, "bootable": null},
              {"name": "empty", "parent": "", "image_size": ""}
            ]
            """#
        )
        #expect(definitions.images.map(\.name) == ["base", "k8s.qcow2", "empty"])
        #expect(definitions.images[0].size?.bytes == 8 << 30)
        #expect(definitions.images.map(\.isBootable) == [true, false, false])
        #expect(definitions.images.map(\.parent) == [nil, "base", nil])
        #expect(definitions.images[0].packages.count == 4)
        #expect(try action("run-command", #"{"Cmd": "echo 'a  b'"}"#) == .runCommand("echo 'a  b'"))
        #expect(
            try action("copy-in", #"{"LocalPath": "x", "RemoteDir": "/y"}"#) == .copyIn(hostPath: "x", folder: "/y")
        )
        #expect(try action("set-hostname", #"{"Hostname": "vm-1"}"#) == .setHostname("vm-1"))
        #expect(try action("mkdir", #"{"Dir": "/a/b"}"#) == .makeFolder("/a/b"))
        #expect(try action("upload", #"{"File": "x", "Dest": "/y"}"#) == .upload(hostFile: "x", destination: "/y"))
        #expect(
            try action("chmod", #"{"Permissions": "0644", "File": "/y"}"#)
                == .changeMode(permissions: "0644", path: "/y")
        )
        #expect(
            try action("append-line", #"{"File": "/f", "Line": "a \"b\" $c"}"#)
                == .appendLine(file: "/f", line: "a \"b\" $c")
        )
        #expect(try action("link", #"{"Target": "../t", "Link": "/l"}"#) == .link(target: "../t", link: "/l"))
        #expect(try action("install-kernel", #"{"KernelInstallDir": "k"}"#) == .installKernel(hostFolder: "k"))
        #expect(try action("tar-in", #"{"TarFile": "t", "RemoteDir": "/"}"#) == .tarIn(hostFile: "t", folder: "/"))
        #expect(ImageAction.keys.count == 10)
    }

    @Test(
        "what is wrong is refused by name and place",
        arguments: [
            (#"{"#, "images.json: it is not JSON"),
            (#"{}"#, "images.json: it is an object, not an array of images"),
            (#"[3]"#, "images.json: image 1: it is a number, not an object"),
            (#"[{}]"#, "images.json: image 1: it has no name"),
            (#"[{"name": "a/b"}]"#, "images.json: image 1: 'a/b' can't be its name"),
            (#"[{"name": "-a"}]"#, "'-a' can't be its name"),
            (#"[{"name": 7}]"#, "images.json: image 1: name is a number, not a string"),
            (#"[{"name": "a"}, {"name": "a"}]"#, "images.json: image 2: the name 'a' is taken already"),
            (
                #"[{"name": "a", "rootfs_size": "8G"}]"#,
                "images.json: image 'a': unknown key 'rootfs_size'; an image takes name, parent, image_size, bootable, "
                    + "packages, actions"
            ),
            (#"[{"name": "a", "bootable": "yes"}]"#, "image 'a': bootable is a string, not true or false"),
            (#"[{"name": "a", "bootable": 1}]"#, "image 'a': bootable is a number, not true or false"),
            (#"[{"name": "a", "image_size": 8}]"#, "image 'a': image_size is a number, not a string"),
            (#"[{"name": "a", "packages": "vim"}]"#, "image 'a': packages is a string, not an array"),
            (#"[{"name": "a", "packages": ["vim", true]}]"#, "image 'a': package 2 is true or false, not a string"),
            (#"[{"name": "a", "packages": ["vim,less"]}]"#, "image 'a': 'vim,less' can't be the name of a package"),
            (#"[{"name": "a", "packages": ["--help"]}]"#, "image 'a': '--help' can't be the name of a package"),
            (#"[{"name": "a", "parent": "b"}]"#, "image 'a': its parent 'b' is not defined"),
            (#"[{"name": "a", "parent": "a"}]"#, "image 'a': its parents go in a circle: a → a"),
            (
                #"[{"name": "c", "parent": "a"}, {"name": "a", "parent": "b"}, {"name": "b", "parent": "a"}]"#,
                "image 'a': its parents go in a circle: a → b → a"
            ),
        ]
    )
    func refusedImages(json: String, words: String) throws {
        let error = #expect(throws: GuestImageError.self) { try read(json) }
        #expect(error.map { "\($0)" }?.contains(words) == true, "\(String(describing: error))")
    }

    @Test(
        "what is wrong in an action is refused by name and place",
        arguments: [
            (#"7"#, "image 'base', action 1: it is a number, not an object"),
            (#"{"op": {"Cmd": "x"}}"#, "image 'base', action 1: it has no type"),
            (#"{"type": "run", "op": {}}"#, "action 1: unknown type 'run'; there are run-command, copy-in"),
            (#"{"type": "mkdir", "op": "x"}"#, "action 1: op is a string, not an object with Dir"),
            (#"{"type": "mkdir"}"#, "action 1: op is null, not an object with Dir"),
            (
                #"{"type": "run-command", "op": {"Cmdd": "x"}}"#,
                "images.json: image 'base', action 1: unknown key 'Cmdd' in run-command; it takes Cmd"
            ),
            (
                #"{"type": "upload", "op": {"File": "x", "dest": "/y"}}"#,
                "unknown key 'dest' in upload; it takes File and Dest"
            ),
            (#"{"type": "upload", "op": {"File": "x"}}"#, "action 1: upload needs Dest"),
            (#"{"type": "mkdir", "op": {"Dir": ["/x"]}}"#, "action 1, mkdir: Dir is an array, not a string"),
            (#"{"type": "mkdir", "op": {"Dir": "/x"}, "name": "x"}"#, "unknown key 'name'; an action takes comment"),
            (#"{"type": "mkdir", "op": {"Dir": "/x"}, "comment": 1}"#, "comment is a number, not a string"),
            (#"{"type": "mkdir", "op": {"Dir": "x"}}"#, "mkdir: 'x' must be an absolute path in the image"),
            (#"{"type": "mkdir", "op": {"Dir": "/x\u0000y"}}"#, "Dir has a NUL in it"),
            (#"{"type": "run-command", "op": {"Cmd": ""}}"#, "the command is empty"),
            (#"{"type": "copy-in", "op": {"LocalPath": "", "RemoteDir": "/"}}"#, "the path on this machine is empty"),
            (#"{"type": "chmod", "op": {"Permissions": "755", "File": "/x"}}"#, "must be octal with a leading zero"),
            (#"{"type": "chmod", "op": {"Permissions": "u+x", "File": "/x"}}"#, "must be octal with a leading zero"),
            (#"{"type": "set-hostname", "op": {"Hostname": "a b"}}"#, "'a b' is no host name"),
        ]
    )
    func refusedActions(json: String, words: String) throws {
        let error = #expect(throws: GuestImageError.self) {
            try read(#"[{"name": "base", "actions": [\#(json)]}]"#)
        }
        #expect(error.map { "\($0)" }?.contains(words) == true, "\(String(describing: error))")
    }

    @Test(
        "sizes",
        arguments: [
            ("512M", 512 << 20), ("8G", 8 << 30), ("65536K", 64 << 20), ("1T", 1 << 40), ("8", nil), ("8GB", nil),
            ("8g", nil), ("-8G", nil), ("1.5G", nil), ("1M", nil), ("17T", nil), ("999999999999T", nil), ("G", nil),
            (" 8G", nil), ("٨G", nil),
        ] as [(String, Int?)]
    )
    func sizes(text: String, bytes: Int?) {
        #expect(ImageSize(text)?.bytes == bytes)
    }

    @Test("an image has its parents' packages and actions before its own, and the nearest size")
    func parents() throws {
        let definitions = try read(
            #"""
            [{"name": "leaf", "parent": "middle", "packages": ["vim", "make"],
              "actions": [{"type": "mkdir", "op": {"Dir": "/leaf"}}]},
             {"name": "root", "packages": ["make"], "image_size": "1G", "bootable": true,
              "actions": [{"type": "mkdir", "op": {"Dir": "/root1"}}, {"type": "mkdir", "op": {"Dir": "/root2"}}]},
             {"name": "middle", "parent": "root", "image_size": "2G"}]
            """#
        )
        let leaf = try definitions.resolved("leaf")
        #expect(leaf.packages == ["make", "vim"])
        #expect(leaf.size?.description == "2G")
        #expect(leaf.isBootable)
        #expect(
            leaf.steps.map(\.description) == [
                "action 1 of 'root', mkdir: /root1", "action 2 of 'root', mkdir: /root2",
                "action 1 of 'leaf', mkdir: /leaf",
            ]
        )
        let error = #expect(throws: GuestImageError.self) { try definitions.resolved("other") }
        #expect(error.map { "\($0)" } == "images.json defines no image 'other'; it has: leaf, root, middle")
    }
}
