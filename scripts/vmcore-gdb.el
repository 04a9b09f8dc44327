;;; vmcore-gdb.el --- Kernel crash dumps in Emacs' gdb  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: GPL-3.0-or-later

;;; Commentary:

;; M-x vmcore-gdb asks for a vmlinux and a dump and opens them in M-x gdb, by way of gdb-vmcore, with what suits a kernel:
;;
;; - The list of threads has the tasks' names and states; gdb-mi.el shows what gdb calls "Thread 10000136" instead.
;; - gdb is not asked for all of vmlinux's source files, which takes it many seconds.
;; - At most `vmcore-gdb-threads' tasks are threads, those that say most first: Emacs asks for all of them after each command.
;;
;; `vmcore-gdb-setup' does the same for a gdb that is started in another way.

;;; Code:

(require 'gdb-mi)
(require 'subr-x)

(defgroup vmcore-gdb nil
  "Linux kernel crash dumps in gdb."
  :group 'gdb)

(defcustom vmcore-gdb-program "gdb-vmcore"
  "The program that starts gdb with vmlinux and a dump."
  :type 'file)

(defcustom vmcore-gdb-threads "200"
  "What `set vmcore threads' gets: auto, cpus, all or a number."
  :type 'string)

(defvar vmcore-gdb--threads-named nil
  "Is gdb the one of a dump?")

(defun vmcore-gdb--name-threads (output)
  "Put what each thread in OUTPUT is in the place of gdb's name for it."
  (when vmcore-gdb--threads-named
    (dolist (thread (cdr (assq 'threads output)))
      (let ((place (assq 'target-id thread))
            (name (cdr (assq 'name thread)))
            (details (cdr (assq 'details thread))))
        (when (and place (or name details))
          (setcdr place (mapconcat #'identity (delq nil (list name details)) ": "))))))
  output)

(defun vmcore-gdb-setup ()
  "Prepare Emacs for a gdb that is to open a kernel's dump."
  (setq vmcore-gdb--threads-named t
        gdb-create-source-file-list nil)
  (advice-add 'gdb-mi--partial-output :filter-return #'vmcore-gdb--name-threads))

;;;###autoload
(defun vmcore-gdb (vmlinux vmcore)
  "Open the dump VMCORE of the kernel VMLINUX in gdb.
VMLINUX may be empty: gdb-vmcore then looks for it."
  (interactive
   (list (read-file-name "vmlinux (empty: where distributions have it): " nil "" t "")
         (read-file-name "Dump: " nil nil t)))
  (vmcore-gdb-setup)
  (gdb (combine-and-quote-strings
        (delq nil (list vmcore-gdb-program "-i=mi"
                        (format "-iex=set vmcore threads %s" vmcore-gdb-threads)
                        (unless (string-empty-p vmlinux) (expand-file-name vmlinux))
                        (expand-file-name vmcore))))))

(provide 'vmcore-gdb)

;;; vmcore-gdb.el ends here
